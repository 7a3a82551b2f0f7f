// With INLINE the runner transforms the package, too, as it does with sources of its own.

export default {
  test: {
    root: 'vitest',
    include: ['**/*.test.mjs'],
    server: { deps: { inline: process.env.INLINE ? ['kronicler'] : [] } },
  },
}
