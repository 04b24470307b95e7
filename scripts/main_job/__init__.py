"""The main job: Streamer on a year of real flights, checked to the byte.

``make run`` builds everything and then runs this package.  Read it in the
order of the data: `flights` (the source tables), `events` (a million change
events), `subscriptions` (a thousand filters, each beside an independent polars
expression), `service` and `gateways` (the processes), `load` (the events go
in), `comparison` (what came out against what should have), `report` (what you
see).
"""
