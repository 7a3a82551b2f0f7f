/** Details as bytes: fields of tag, length, bytes, as `docs/format.md` tells. */

/** Bytes of a detail at most: the addon takes no more. */
const sizeMax = 4_000

export const tagError = 1
export const tagMessage = 2
export const tagLoop = 3
export const tagInFlight = 4
export const tagArgument = 5
export const tagTrace = 6

const encoder = new TextEncoder()

/** Writes one detail after the other into the same memory. A field without room is left out. */
class Writer {
  readonly #bytes = new Uint8Array(sizeMax)
  #length = 0

  begin(): void {
    this.#length = 0
  }

  /** The detail so far: a view, good until the next one begins. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A field of whole numbers. */
  numbers(tag: number, values: readonly number[]): void {
    this.#field(tag, () => {
      for (const value of values) this.#varint(value)
    })
  }

  /** A field that is a text, cut to so many bytes. */
  text(tag: number, text: string, max: number): void {
    this.#field(tag, () => this.#put(text, max))
  }

  /** A field of two texts, each with its length. */
  pair(tag: number, first: string, second: string): void {
    this.#field(tag, () => {
      this.#sized(first)
      this.#sized(second)
    })
  }

  /** A field of hexadecimal digits. */
  hex(tag: number, digits: string): void {
    this.#field(tag, () => {
      for (let at = 0; at < digits.length; at += 2) {
        this.#byte(Number.parseInt(digits.slice(at, at + 2), 16))
      }
    })
  }

  /** Two bytes are kept for the length of what `write` writes. */
  #field(tag: number, write: () => void): void {
    const before = this.#length
    this.#byte(tag)
    const at = this.#length
    this.#length += 2
    write()
    const size = this.#length - at - 2
    if (this.#length > sizeMax) {
      this.#length = before
      return
    }
    this.#bytes[at] = (size & 0x7f) | 0x80
    this.#bytes[at + 1] = size >> 7
  }

  #byte(byte: number): void {
    // Beyond the end nothing is written, and the field is taken back.
    this.#bytes[this.#length] = byte
    this.#length += 1
  }

  #varint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80)
    this.#byte(rest)
  }

  #sized(text: string): void {
    const at = this.#length
    this.#length += 2
    this.#put(text, sizeMax)
    const size = this.#length - at - 2
    this.#bytes[at] = (size & 0x7f) | 0x80
    this.#bytes[at + 1] = size >> 7
  }

  #put(text: string, max: number): void {
    const end = Math.min(sizeMax, this.#length + max)
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(this.#length, end))
    this.#length += written
    // What is cut by the end of the memory is left out as a whole.
    if (read < text.length && end === sizeMax) this.#length = sizeMax + 1
  }
}

export const writer: Writer = new Writer()
