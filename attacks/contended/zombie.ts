/** An owner that stood still while another wanted its job, and ended after it woke up. */
export interface Woken {
  /** The other has claimed the job; else it found it finished. */
  readonly isReplaced: boolean
  /** It had said that it had ended when the other claimed. */
  readonly hadEnded: boolean
  /** Its exit code. */
  readonly code: number | null | undefined
}

export const FENCED_EXIT = 3

/** `missed`: it was done before it could be replaced. `wrong`: it was replaced, and says that all is well. */
export function judgeWoken({ isReplaced, hadEnded, code }: Woken): 'takeover' | 'missed' | 'wrong' {
  if (code === FENCED_EXIT) return 'takeover'
  return isReplaced && !hadEnded && code === 0 ? 'wrong' : 'missed'
}

/** What a process may leave that woke up after another had taken its job over: only an epoch that begins later clears it away. */
export interface Fenced {
  readonly pid: number
  readonly epoch: number | undefined
}

export function isLeftBy({ pid, epoch }: Fenced, file: string): boolean {
  const name = file.slice(file.lastIndexOf('/') + 1)
  // `.<what>.<instance>.<count>.<pid>.…tmp`
  if (name.endsWith('.tmp')) return name.split('.')[4] === String(pid)
  if (epoch === undefined) return false
  const [, part] = /-(\d{8,})-\d+-\d+-[0-9a-f]{16}\.inprogress$/.exec(name) ?? []
  const [, chunk] = /^unreferenced chunk e(\d+)-/.exec(file) ?? []
  return Number(part ?? chunk) === epoch
}
