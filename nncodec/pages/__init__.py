"""Pages of HTML that hold everything they show: no server, nothing fetched. The scripts are plain, and not built.

`container.js`, `payloads.js` and `drawing.js` read .nnc files in a browser; `stage.js` moves and magnifies pictures.
"""
