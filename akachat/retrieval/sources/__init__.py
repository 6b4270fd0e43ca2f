"""What a user drops -> single files with safe names: zips, URLs, folders, pasted text."""
