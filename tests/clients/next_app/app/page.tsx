'use client';

import { offered } from './offered';
import { useDownloadProgress } from '@downloads-app/client/react';

export default function Page() {
  const { downloads, connection } = useDownloadProgress();
  return <p>{connection}: {downloads.length} {offered.join()}</p>;
}
