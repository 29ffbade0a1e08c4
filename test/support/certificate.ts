/** What the https servers of the tests show: a certificate of localhost that nothing but a test believes, until 2126. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBqjCCAVCgAwIBAgIUPHMVMoaefKY4o6z8g3gXWVYFfyIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTAzMTczNFoYDzIxMjYxMTAx
MDMxNzM0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS2W2bzk1l1ICEABJve7kwJpyDZRvDmthfY1tYTmz/Upl4bpEKw+DVZ
38AvPPHM87FsSP8xHv+ya8risveKAU3uo34wfDAdBgNVHQ4EFgQUOEEgk1U+feVE
CLSB2YhVBmYVOQ0wHwYDVR0jBBgwFoAUOEEgk1U+feVECLSB2YhVBmYVOQ0wKQYD
VR0RBCIwIIIJbG9jYWxob3N0gg1hcHAubG9jYWxob3N0hwR/AAABMA8GA1UdEwEB
/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgC3XxQ9hB/AOrGgkCjllzWaw1+x9v
TGSU9fZXZsIyiBMCIQCrT7fZJhaotpxJYXSycQQ4r/fLGgSHaz8pDvUADCAbag==
-----END CERTIFICATE-----`

/** Its key, which is worth nothing anywhere else. */
export const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmT5x9+ggBHO8Ksol
O3XnogbHss0UxPQaTzH30k7dX7ShRANCAAS2W2bzk1l1ICEABJve7kwJpyDZRvDm
thfY1tYTmz/Upl4bpEKw+DVZ38AvPPHM87FsSP8xHv+ya8risveKAU3u
-----END PRIVATE KEY-----`
