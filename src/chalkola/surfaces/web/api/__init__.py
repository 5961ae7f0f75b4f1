"""The JSON API at `/api/v1`, for web apps of the team. It reads; nothing can be changed through it.

routes       what can be asked
answers      what is answered, as the OpenAPI document describes it
problems     what is said instead
entering     who may ask: a token of the API's own, or somebody who is signed in to the pages
application  the whole, to be mounted

The figures are those of the pages (`store/board/`). The document is at `/api/v1/openapi.json`, the words in
`docs/api.md`.
"""
