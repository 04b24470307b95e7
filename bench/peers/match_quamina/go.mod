module streamer/bench/peers/match_quamina

go 1.24

require (
	quamina.net/go/quamina/v2 v2.0.0
	streamer/bench/peers/match_harness v0.0.0
)

replace streamer/bench/peers/match_harness => ../match_harness
