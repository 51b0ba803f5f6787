import { useState } from 'react';

import { useDownloadProgress } from '@downloads-app/client/react';

import { SignIn } from './SignIn';

export function App() {
  const [token, setToken] = useState<string | null>(null);
  const { downloads, isComplete, error, connection, restart } = useDownloadProgress({ token });

  if (token === null) return <SignIn onToken={setToken} />;
  return (
    <>
      <h1>Downloads</h1>
      <p>Connection: <output aria-label="Connection">{connection}</output></p>
      {error && <p role="alert">{error}</p>}
      {isComplete && <p role="status">All downloads completed</p>}
      <ul>
        {downloads.map(({ id, status, progress_data: { current_bytes, total_bytes, current_file } }) => (
          <li key={id}>
            {status} {current_file}
            <progress aria-label={id} value={current_bytes} max={total_bytes ?? undefined} />
          </li>
        ))}
      </ul>
      <button onClick={restart}>Watch again</button>
      <button onClick={() => setToken(null)}>Sign out</button>
    </>
  );
}
