/** The attacks of a campaign, in their order: each turn takes about half a minute on two idle cores, with a seed of its own. */
export interface Turn {
  readonly attack: string
  readonly args: readonly string[]
}

/** Attacks that draw from a seed. Those that go through all there is (`protocol`, `flip`) or need other sources (`planted`, `package`) are in CI. */
export const ROTATION: readonly Turn[] = [
  { attack: 'kill', args: ['--kills', '40'] },
  { attack: 'oracle', args: ['--jobs', '400'] },
  { attack: 'points', args: ['--times', '1', '--share', '2'] },
  { attack: 'sim', args: ['--seeds', '1200'] },
  { attack: 'contended', args: ['--runs', '10'] },
  { attack: 'windows', args: ['--cases', '1500'] },
  { attack: 'hostile', args: ['--cases', '40'] },
  { attack: 'state', args: ['--ops', '100000'] },
  { attack: 'two', args: ['--rounds', '5'] },
  { attack: 'splits', args: ['--rounds', '30'] },
  { attack: 'host', args: ['--schedules', '400'] },
  { attack: 'malformed', args: ['--cases', '800'] },
  { attack: 'disk', args: ['--every', '12', '--kernel', '4'] },
]
