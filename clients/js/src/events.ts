/** The types of the stream's events. */

/** Only active downloads are on the stream. */
export type ActiveStatus = 'pending' | 'downloading';

export interface ProgressData {
  current_bytes: number;
  /** Unknown until the files are listed, or if a server does not say it. */
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

/** Always the full current list. A download that is missing has left the stream. */
export interface UpdateEvent {
  type: 'update';
  downloads: DownloadInstance[];
}

/** No download is active, or none is any more. The stream ends here. */
export interface CompleteEvent {
  type: 'complete';
  message: string;
}

/** The server could not read the downloads. The stream usually goes on. */
export interface ErrorEvent {
  type: 'error';
  error: string;
}

export type StreamEvent = UpdateEvent | CompleteEvent | ErrorEvent;

/** Used for status 204: no download was active when we reconnected. */
export const COMPLETE: CompleteEvent = { type: 'complete', message: 'All downloads completed' };
