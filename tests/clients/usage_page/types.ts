export type { DownloadInstance } from '@downloads-app/client';
