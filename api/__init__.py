"""HTTP in, one verb, HTTP out: the JSON API, the pages, and the OpenID Connect provider."""
