# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Words of what programs print, by the shell itself: to start a program takes an emulated machine longer than
# what most of them are started for.

# field NAME: the values of NAME= on standard input, one a line.
field() {
	local - word words

	set -f
	words=$(</dev/stdin)
	for word in $words; do
		[[ $word != "$1"=* ]] || echo "${word#*=}"
	done
}

# one_line: the words of standard input, with a blank between them
one_line() {
	local - word words=''

	set -f

	# shellcheck disable=SC2013 # words are what is wanted
	for word in $(</dev/stdin); do
		words+=${words:+ }$word
	done
	printf '%s\n' "$words"
}

# holds FILE TEXT: is there such a file yet, and is the text in it?
holds() {
	[ -e "$1" ] && [[ $(<"$1") == *"$2"* ]]
}
