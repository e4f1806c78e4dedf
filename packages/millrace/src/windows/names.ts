/** States of a window step besides its aggregates, which cannot have such names. */
export const WINDOW_START = 'window:start'
export const WINDOW_END = 'window:end'
export const WINDOW_COUNT = 'window:count'
export const WINDOW_VALUES = 'window:values'
