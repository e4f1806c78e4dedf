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
