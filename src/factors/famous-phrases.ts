/**
 * Passphrases that everybody knows: long, and the first that anybody tries. As words in lower case; what separates
 * them, and what is written as digits, makes no difference (see password-strength.ts).
 */
export const famousPhrases = `
correct horse battery staple
correct horse battery
horse battery staple
correct staple battery horse
battery horse staple correct
troubador and three
the quick brown fox
jumps over the lazy dog
lorem ipsum dolor sit amet
hello my name is
my name is inigo montoya
you killed my father
prepare to die
may the force be with you
use the force luke
i am your father
these arent the droids
live long and prosper
beam me up scotty
space the final frontier
to boldly go where
winter is coming
you know nothing jon snow
all men must die
one ring to rule them all
you shall not pass
not all those who wander are lost
to be or not to be
that is the question
all the worlds a stage
friends romans countrymen
once upon a time
happily ever after
it was the best of times
call me ishmael
in the beginning
our father who art in heaven
the lord is my shepherd
for god so loved the world
jesus loves you
jesus is my savior
god bless america
land of the free
home of the brave
we the people
i have a dream
four score and seven years ago
ask not what your country
yes we can
make america great again
god save the queen
god save the king
keep calm and carry on
liberte egalite fraternite
twinkle twinkle little star
mary had a little lamb
humpty dumpty sat on a wall
row row row your boat
jingle bells jingle bells
happy birthday to you
merry christmas everyone
i want to hold your hand
let it be let it be
all you need is love
we will rock you
we are the champions
bohemian rhapsody
stairway to heaven
hotel california
smells like teen spirit
never gonna give you up
dont stop believing
dont worry be happy
hakuna matata
let it go let it go
i will always love you
i love you so much
i love you forever
i love you to the moon
love you to the moon and back
i love my family
i love my mom
i miss you so much
live laugh love
carpe diem
memento mori
cogito ergo sum
i think therefore i am
know thyself
this too shall pass
no pain no gain
just do it
time is money
knowledge is power
an apple a day
raindrops keep falling
roses are red
violets are blue
life is beautiful
life is like a box of chocolates
run forrest run
houston we have a problem
ill be back
hasta la vista baby
say hello to my little friend
youre gonna need a bigger boat
heres looking at you kid
frankly my dear
there is no place like home
to infinity and beyond
just keep swimming
why so serious
the cake is a lie
all your base are belong to us
it is dangerous to go alone
winner winner chicken dinner
open sesame
abracadabra
let me in please
please let me in
this is my password
my secret password
i forgot my password
i hate passwords
change me please
what is the password
top secret password
password one two three
one two three four
alpha bravo charlie
the answer is forty two
purple monkey dishwasher
every good boy does fine
my very educated mother
supercalifragilisticexpialidocious
antidisestablishmentarianism
`
  .trim()
  .split('\n')
