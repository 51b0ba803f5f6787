import { createRoot } from 'react-dom/client';

import './example';
import { useDownloadProgress } from './hook';

function Hook() {
  const { downloads, isComplete, error } = useDownloadProgress();
  if (error) return <>error: {error}</>;
  if (isComplete) return <>complete</>;
  return <>{downloads.map(({ id, progress_data }) => `${id} ${progress_data.current_bytes}`).join()}</>;
}

createRoot(document.querySelector('#hook')!).render(<Hook />);
