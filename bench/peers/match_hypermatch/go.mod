module streamer/bench/peers/match_hypermatch

go 1.24

require (
	github.com/SchwarzDigits/hypermatch/v2 v2.2.0
	streamer/bench/peers/match_harness v0.0.0
)

replace streamer/bench/peers/match_harness => ../match_harness
