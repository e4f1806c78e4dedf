/** How a check of the repository ends: its problems, one a line, and the exit code. */
export function finish(problems: readonly string[], looked: string): void {
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(problems.length === 0 ? `nothing wrong in ${looked}\n` : `${problems.length} wrong in ${looked}\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
