module streamer/bench/peers/match_harness

go 1.24
