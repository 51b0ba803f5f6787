import { useState, type FormEvent } from 'react';

interface Tokens {
  access_token: string;
}

export function SignIn({ onToken }: { onToken: (token: string) => void }) {
  const [refusal, setRefusal] = useState<string | null>(null);

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { username, password } = Object.fromEntries(new FormData(event.currentTarget));
    const response = await fetch('/api/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    if (response.ok) onToken(((await response.json()) as Tokens).access_token);
    else setRefusal(`The server answered ${response.status}`);
  }

  return (
    <form onSubmit={(event) => void signIn(event)}>
      <label>Username <input name="username" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      <button>Sign in</button>
      {refusal && <p role="alert">{refusal}</p>}
    </form>
  );
}
