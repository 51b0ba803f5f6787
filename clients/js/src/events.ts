/** What the stream sends, field by field. */

/** Only active downloads are on the stream. */
export type ActiveStatus = 'pending' | 'downloading';

export interface ProgressData {
  current_bytes: number;
  /** Unknown until the files are listed, and where a server does not say. */
  total_bytes: number | null;
  current_file: string | null;
  total_files: number | null;
  files_completed: number;
  /** Bytes per second. */
  download_speed: number;
  eta_seconds: number | null;
}

export interface DownloadInstance {
  id: string;
  user_id: string;
  provider_id: string;
  repository_id: string;
  status: ActiveStatus;
  progress_data: ProgressData;
  /** Times are UTC to the second, as in `2024-01-01T00:00:00Z`. */
  started_at: string | null;
  created_at: string;
  updated_at: string;
}

/** The full current list, every time: what is missing from it has left the stream. */
export interface UpdateEvent {
  type: 'update';
  downloads: DownloadInstance[];
}

/** Nothing is active (any more); the stream ends here. */
export interface CompleteEvent {
  type: 'complete';
  message: string;
}

/** The server could not read the downloads; the stream usually goes on. */
export interface ErrorEvent {
  type: 'error';
  error: string;
}

export type StreamEvent = UpdateEvent | CompleteEvent | ErrorEvent;

/** What a 204 stands for: nothing was active when we asked again. */
export const COMPLETE: CompleteEvent = { type: 'complete', message: 'All downloads completed' };
