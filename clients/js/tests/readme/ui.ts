/** The page of the README's example: writes down what it is told to show. */

import type { DownloadInstance } from '@downloads-app/client';

export const shown: string[] = [];

export function updateDownloadProgress({ id, progress_data }: DownloadInstance): void {
  shown.push(`progress ${id} ${progress_data.current_bytes}`);
}

export const showDownloadsComplete = (message: string) => shown.push(`complete ${message}`);
export const showError = (message: string) => shown.push(`error ${message}`);
