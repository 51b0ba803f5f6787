"""Kind `lfs`: repositories of Git servers (GitHub, GitLab, Gitea, Forgejo), by HTTP alone, with their LFS objects."""
