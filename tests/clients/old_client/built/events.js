/** The types of the stream's events. */
/** Used for status 204: no download was active when we reconnected. */
export const COMPLETE = { type: 'complete', message: 'All downloads completed' };
