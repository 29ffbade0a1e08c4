module recipe

go 1.25.13

require github.com/hashicorp/cap v0.16.0
