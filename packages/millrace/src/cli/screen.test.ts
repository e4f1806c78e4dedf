import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERASE, plainScreen, TerminalScreen } from './screen.ts'

/** A terminal of one row that scrolls: lines that stay, and what stands in the last row. */
class Terminal {
  readonly columns = 40
  readonly isTTY = true
  readonly lines: string[] = []
  last = ''

  write(text: string): boolean {
    for (const part of text.replaceAll(ERASE, '\r').split(/(\r|\n)/)) {
      if (part === '\n') {
        this.lines.push(this.last)
        this.last = ''
      } else if (part === '\r') this.last = ''
      else this.last += part
    }
    return true
  }
}

/** A second stream on the same terminal, as stdout is. */
class Other {
  readonly #terminal: Terminal
  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }
  write(text: string): boolean {
    return this.#terminal.write(text)
  }
}

test('what a job prints scrolls above the live line', () => {
  const terminal = new Terminal()
  const stdout = new Other(terminal)
  const screen = new TerminalScreen(terminal, stdout)
  screen.live('12/s')
  screen.live('13/s')
  stdout.write('{"a":1}\n')
  assert.equal(terminal.last, '')
  screen.live('14/s')
  screen.line('an event')
  screen.live('15/s')
  terminal.write('a warning\n')
  assert.deepEqual(terminal.lines, ['{"a":1}', 'an event', 'a warning'])
  screen.live('16/s')
  assert.equal(terminal.last, '16/s')
  screen.close()
  assert.equal(terminal.last, '')
})

test('a line that the job has not ended is left alone', () => {
  const terminal = new Terminal()
  const stdout = new Other(terminal)
  const screen = new TerminalScreen(terminal, stdout)
  stdout.write('progress: 50%')
  screen.live('12/s')
  assert.equal(terminal.last, 'progress: 50%')
  stdout.write(' 100%\n')
  screen.live('12/s')
  assert.deepEqual(terminal.lines, ['progress: 50% 100%'])
  stdout.write('half')
  screen.line('an event')
  assert.deepEqual(terminal.lines, ['progress: 50% 100%', 'half', 'an event'])
  screen.close()
})

test('closing leaves the streams as they were', () => {
  const terminal = new Terminal()
  const stdout = new Other(terminal)
  const screen = new TerminalScreen(terminal, stdout)
  screen.close()
  screen.close()
  stdout.write('x')
  assert.equal(terminal.last, 'x')
  assert.equal(screen.width(), 39)
})

test('without a terminal there are lines only', () => {
  const written: string[] = []
  const screen = plainScreen({ write: (text) => written.push(text) })
  screen.line('an event')
  screen.live('12/s')
  screen.close()
  assert.deepEqual(written, ['an event\n'])
  assert.equal(screen.isLive, false)
})
