// Plain CommonJS, so that no transformer is needed.

module.exports = { rootDir: 'jest', testMatch: ['**/*.test.cjs'], transform: {} }
