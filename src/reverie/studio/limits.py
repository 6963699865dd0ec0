"""Limits: how much the studio takes, keeps and says at once."""

BYTES = 64_000_000  # of an uploaded file
PIXELS = 100_000_000  # of an uploaded picture
BODY = 1_000_000  # bytes of any other request
SHOWN, THUMB, UNIT = 1600, 320, 96  # long sides of pictures for showing, of history's, of units'
PREVIEW = 1280  # long side of a preview
EVERY = 1 / 16  # seconds from one preview to the next
SHARE = 0.05  # of a run's time that goes into previews, at most
ENDED = 100  # jobs that are remembered after their end
QUEUED = 200  # jobs that may wait
STREAMS = 32  # readers of events
UNITS = 400  # pictures of units that wait to be made
PATIENCE = 10.0  # seconds within which a question is answered
DECODING = 60.0  # seconds within which a picture is decoded
FAREWELL = 2.0  # seconds that the workers have to keep what stands, when the studio ends
