/** What the examples leave undefined: a token, and somewhere to show what they are told. */

import type { DownloadInstance } from '@/types';

export const authToken = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
export const getAuthToken = (): string => authToken;

const show = (text: string): void => { document.querySelector('#example')!.textContent = text; };

export const updateDownloadProgress = ({ id, progress_data }: DownloadInstance): void =>
  show(`${id} ${progress_data.current_bytes}`);
export const showDownloadsComplete = (): void => show('complete');
export const showError = (message: string): void => show(`error: ${message}`);
