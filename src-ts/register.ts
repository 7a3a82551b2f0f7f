/**
 * The entry `kronicler/register`: captures what a program does without a change to it.
 *
 * ```sh
 * node --import kronicler/register app.js
 * ```
 *
 * @module
 */

export { register } from './register/register.js'
