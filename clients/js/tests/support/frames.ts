/** Frames as the server sends them. */

import type { DownloadInstance } from '@downloads-app/client';

export const DOWNLOAD: DownloadInstance = {
  id: '0b1e5b4e-3c55-4b8e-9a43-5f2f3f6f1a01',
  user_id: '0b1e5b4e-3c55-4b8e-9a43-5f2f3f6f1a02',
  provider_id: '0b1e5b4e-3c55-4b8e-9a43-5f2f3f6f1a03',
  repository_id: '0b1e5b4e-3c55-4b8e-9a43-5f2f3f6f1a04',
  status: 'downloading',
  progress_data: {
    current_bytes: 1024000,
    total_bytes: 10240000,
    current_file: 'model.gguf',
    total_files: 5,
    files_completed: 2,
    download_speed: 1048576,
    eta_seconds: 10,
  },
  started_at: '2024-01-01T00:00:00Z',
  created_at: '2024-01-01T00:00:00Z',
  updated_at: '2024-01-01T00:00:01Z',
};

export function update(id = 'u1', downloads: DownloadInstance[] = [DOWNLOAD]): string {
  return `id: ${id}\nevent: update\ndata: ${JSON.stringify({ type: 'update', downloads })}\n\n`;
}

export function complete(id = 'c1'): string {
  return `id: ${id}\nevent: complete\ndata: {"type":"complete","message":"All downloads completed"}\n\n`;
}

export function error(message = 'Failed to get downloads: Database error'): string {
  return `id: e1\nevent: error\ndata: ${JSON.stringify({ type: 'error', error: message })}\n\n`;
}

export const retry = (milliseconds: number): string => `retry: ${milliseconds}\n\n`;
