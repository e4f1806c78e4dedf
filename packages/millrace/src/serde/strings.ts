/** V8 copies shorter texts whenever it cuts them out of longer ones. */
const COPIED_ANYWAY = 12

/**
 * The same text in memory of its own.
 *
 * V8 keeps a text that was cut out of a longer one as a reference into that one: a decoded field of 13 characters or more keeps
 * the characters of its whole batch alive. Whoever stores such a text for long copies it first.
 */
export function copyString(text: string): string {
  if (text.length <= COPIED_ANYWAY) return text
  // Joined texts are copied flat when they are cut, so what remains refers to that copy, one character longer, and nothing else.
  return ` ${text}`.slice(1)
}
