"""The commonest words of some languages, by which two of them are told apart in a sample of sentences."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import regex

from transformer_cli.text.languages import language_name

_WORDS = """
en: a the of and to in is you that it he was for on are as with his they at be this have from or had by not but what all
  were we when your can there an which she do how their if will up other about out many then them these so some her
  would make him into has my than been who its now did get may no one our more us me any where please i am don said
  could should does only over also because very just like want know here must each cannot too after before doesn isn't
  used s t d ll re ve m man won
fr: le la les de des du un une et est être il elle nous vous ils elles je tu ne pas que qui dans pour par sur au aux
  avec ce cette ces son sa ses leur leurs mais où ou donc plus sont était a ont été avoir fait faire tout tous très
  même comme si cet mon ma mes ton votre vos notre nos peut lors d l j c n s qu m t y en se lui me te toi moi on bien
  sans aussi sous entre deux ça cela quand rien jamais encore chez dont après avant avez suis as ai vers ainsi lorsque
  ici doit peuvent veuillez i o
de: der die das und ist nicht ein eine einen einem einer zu den dem des mit sich auf für von im in ich sie er wir ihr
  es war hat haben auch als an nach wie bei aus oder noch wird werden wurde sind so dass daß kann um nur aber wenn
  mehr durch man vor zur zum bis über unter sein seine seiner ihre ihren ihrem mein meine dein kein keine mir mich dir
  dich uns euch ihm ihn was wer wo hier da dann schon sehr diese dieser dieses einige müssen muss soll sollte können
  bitte am zwei gegen ohne während vom bin hatte habe alle jemand etwas wieder also her will
es: el la los las de del un una unos unas y e o que en es por con para no se lo al su sus le les más pero como está
  están son era fue ha han hay ser sin sobre este esta esto estos estas ese esa entre cuando muy ya también hasta
  desde todo todos nos me te mi tu yo él ella ellos usted nosotros porque qué quién donde dónde tiene tengo puede
  pueden si sí hacer otro otra cada ni así después antes cuál solo sólo algo nada nunca siempre nuestro estaba a da
  uno dos os mas
it: il lo la i gli le di del della dei delle dello degli un una uno e è che in per con non si da dal dalla al alla ai
  alle nel nella sono era ha hanno ho come ma se più anche questo questa questi quello quella suo sua loro mio mia tuo
  mi ti ci vi lei lui noi voi io tu essere stato fatto fare molto tutto tutti dove quando perché chi cosa ogni solo
  sul sulla sui ed o può possono senza prima dopo già sempre mai niente qualcosa tra fra all dell nell sia a te me no
  ella su
pt: o a os as de do da dos das um uma uns umas e é que em no na nos nas por para com não se ao à aos mais mas como
  está estão são era foi ser tem têm há seu sua seus suas este esta isto isso esse essa entre quando muito já também
  até desde todo todos me te meu minha eu ele ela eles elas você vocês nós porque quem onde pode podem pelo pela sem
  sobre fazer outro outra cada só ou num numa depois antes nunca sempre nada algo tudo teu tua lhe foram tu estas
nl: de het een en van in is dat die niet te op aan met voor er zijn was ik je hij ze we wij u maar om ook als dan naar
  bij nog uit door over tot heeft hebben had kan kunnen wordt worden werd geen wel of deze dit daar hier wat wie waar
  mijn jouw haar hun ons onze zo al zal zou moet moeten mij me hem heb ben bent meer veel zeer zich onder tussen tegen
  zonder nu toen alle andere iets niets nooit altijd omdat wil gaan doen want
sv: och att det som en ett är på för av med den till inte om har de i jag du han hon vi ni var hade kan ska skulle
  från men så eller när där här vad vem hur min din sin sitt hans hennes deras vår er mig dig honom henne oss dem
  också efter vid över under mellan utan mycket mer alla allt något någon inga ingen blir blev vara varit bara nu än
  detta denna dessa måste vill får gå göra in just
da: og at det som en et er på for af med den til ikke om har de i jeg du han hun vi var havde kan skal skulle fra men
  så eller når hvor her hvad hvem hvordan min din sin sit hans hendes deres vores mig dig ham hende os dem også efter
  ved over under mellem uden meget mere alle alt noget nogen ingen bliver blev være været kun nu end dette denne disse
  må vil får gå gøre der
no: og at det som en et er på for av med den til ikke om har de i jeg du han hun vi var hadde kan skal skulle fra men
  så eller når hvor her hva hvem hvordan min din sin sitt hans hennes deres vår meg deg ham henne oss dem også etter
  ved over under mellom uten mye mer alle alt noe noen ingen blir ble være vært bare nå enn dette denne disse må vil
  får gå gjøre der
fi: ja on ei se että en hän oli ovat mutta tai kun niin kuin mitä minä sinä me te he minun sinun hänen ole olen olet
  olla ollut myös jos nyt vain sen sitä tämä tämän tässä tätä siitä siinä mikä missä joka jotka sekä kanssa kaikki
  hyvin voi voit mukaan jälkeen ennen koska miten kuka miksi ettei eivät emme et ette minulla sinulla hänellä täytyy
  pitää jo vielä aina paljon joku jotain mitään
pl: i w z na do nie się to jest że o jak ale po co tak za od przez dla są był była było być może czy tylko już jego
  jej ich mnie mi ja ty on ona my wy oni ten ta te tego tej tym który która które gdy kiedy gdzie kto bardzo jeszcze
  też także lub oraz pod przed przy bez ze nad między mam masz ma mają można został jestem jesteś wszystko coś nic
  nigdy zawsze tu teraz ponieważ swój proszę
cs: a v z na do ne se je že o jak ale po co tak za od pro jsou byl byla bylo být může jen už jeho její jejich mě mi já
  ty on ona my vy oni ten ta to tato této tím který která které když kde kdo velmi ještě také nebo pod před při bez ze
  nad mezi mám máš má mají jsem jsi jsme jste bude všechno něco nic nikdy vždy tady teď protože svůj si ve k s není
  byli toho lze
sk: a v z na do nie sa je že o ako ale po čo tak za od pre sú bol bola bolo byť môže len už jeho jej ich ma mi ja ty
  on ona my vy oni ten tá to táto tejto tým ktorý ktorá ktoré keď kde kto veľmi ešte tiež alebo pod pred pri bez zo
  nad medzi mám máš má majú som si sme ste bude všetko niečo nič nikdy vždy tu teraz pretože svoj vo k s nemá boli
  toho možno
sl: in v z na do ne se je da o kot ali po kaj tako za od pri so bil bila bilo biti lahko samo že njegov njen njihov me
  mi jaz ti on ona vi oni ta to te tega tej ki ko kjer kdo zelo še tudi ampak pod pred brez iz nad med imam imaš ima
  imajo sem si smo ste bo vse nekaj nič nikoli vedno tukaj zdaj ker svoj bi pa kako če
hr: i u z na do ne se je da o kao ali po što šta tako za od su bio bila bilo biti može samo već njegov njen njihov me
  mi ja ti on ona vi oni ovaj ova ovo taj ta to koji koja koje kad kada gdje gde tko ko vrlo još također takođe pod
  pred pri bez iz nad između imam imaš ima imaju sam si smo ste će sve nešto ništa nikad uvijek uvek ovdje ovde sada
  jer svoj sa kako nije bi li ili s
hu: a az és egy hogy nem is van volt meg ez azt ezt de ha csak már mint el fel ki be le én te ő mi ti ők nekem neki
  engem téged ami aki amely amikor ahol mert nagyon még vagy vagyok vagyunk lehet kell kellett lesz lett után előtt
  között nélkül alatt mellett minden valami semmi soha mindig itt ott most miért mit hol hogyan ilyen olyan egyik
  tudom akar szerint során
ro: și de la în cu pe nu este sunt un o pentru din care mai ca că se a al ai ale lui ei lor său sa fi fost era are au
  am eu tu el ea noi voi ele acest această acesta aceasta acel acea dar sau dacă când unde cine ce cum foarte doar
  prin după înainte între fără sub peste tot toate ceva nimic niciodată întotdeauna aici acum meu mea tău poate pot
  trebuie să îmi îți ne îl îi or as
tr: ve bir bu da de için ile çok ne o ben sen biz siz onlar onun benim senin bizim beni seni onu değil var yok ama
  daha gibi kadar sonra önce olarak olan oldu olduğunu mı mi mu mü ki ya veya eğer her şey hiç hiçbir nasıl neden
  nerede kim zaman şimdi burada orada ise diye en iyi idi ediyor etti bana sana ona bunu şu lütfen
id: yang dan di ke dari untuk dengan ini itu tidak adalah pada dalam akan telah sudah bisa dapat saya aku kamu anda
  dia ia mereka kami kita atau juga karena oleh sebagai ada apa siapa mana bagaimana kapan jika kalau tetapi tapi
  hanya sangat lebih semua setiap seperti saat lalu setelah sebelum antara tanpa para belum harus ingin menjadi
  silakan bahwa sebuah bukan masih lagi
vi: và của là có không được một các những cho trong với này đó để người tôi bạn anh em chị nó họ chúng ta đã đang sẽ
  khi nếu thì mà nhưng hay hoặc vì bởi từ đến ra vào lên xuống rất cũng chỉ còn nhiều ít gì ai nào đâu sao như hơn
  nhất phải muốn cần làm đi lại rồi
tl: ang ng sa na at ay mga hindi ako ko mo siya niya kami namin tayo natin sila nila ito iyon iyan si ni kay para kung
  dahil pero o may wala lang din rin po ba ano sino saan kailan bakit paano isang nang nasa mula bago
ca: el la els les de del dels un una uns unes i o que en és per amb no es al als seu seva seus més però com està són
  era va ha han hi ser sense sobre aquest aquesta això aquests entre quan molt ja també fins tot tots em et meu teva
  jo ell ella ells vostè nosaltres perquè què qui on pot poden si fer altre altra cada així després abans només res
  mai sempre d l s n he tinc a vaig
gl: o a os as de do da dos das un unha uns unhas e é que en no na nos nas por para con non se ao á aos máis pero como
  está están son era foi ser ten teñen hai seu súa seus súas este esta isto iso ese esa entre cando moi xa tamén ata
  desde todo todos me te meu miña eu el ela eles elas vostede nós porque quen onde pode poden polo pola sen sobre
  facer outro outra cada só ou nun nunha despois antes nunca sempre nada algo
eu: eta da ez bat du ere dira zuen hau hori baina edo izan dute zen den egin ditu gure nire zure haren beste guztiak
  bere zer nor non noiz nola oso dago daude nuen zuten baino gabe arte dela behar nahi bai ni zu hura gu haiek
et: ja on ei see et ta oli kui aga või ka ma sa me te nad minu sinu tema oma olen oled olema olnud mis kes kus kuidas
  miks siis juba ainult väga kõik selle seda sellest siin seal nüüd pärast enne kuna peab võib saab midagi keegi
lv: un ir ar par no uz ka kas nav bija viņš viņa es tu mēs jūs viņi mans tavs šis šī tas tā to kur kad kā bet vai arī
  jau tikai ļoti visi viss pēc pirms bez starp jo var būt tiek kāpēc kaut nekad vienmēr šeit tagad lai pie
lt: ir yra ne kad į su iš tai kaip jis ji aš tu mes jūs jie mano tavo savo šis ši tas ta kur kada kas bet ar arba taip
  pat jau tik labai visi viskas po prieš be tarp nes gali būti buvo kodėl nieko niekada visada čia dabar apie už
is: og að það sem er á í ekki til um við með en hann hún ég þú þeir þær var voru hefur af frá fyrir eða þegar þar hér
  hvað hver hvernig minn þinn sinn mig þig okkur þetta þessi eftir yfir undir milli án mjög allt allir ekkert eitthvað
  verða vera bara nú
ga: agus an na is ar le do i go ní tá bhí sé sí mé tú siad nach gur ag a leis seo sin ach nó má cad cé conas cén níl
  bhfuil mo chun den ón san sa lá
cy: y yr a ac yn i o ar mae nid oedd bod ei eu fy dy ni chi nhw ef hi hon hwn hyn ond neu os pan beth pwy ble sut wedi
  fel gan am wrth eich ein
sq: dhe të në një është për me nga që nuk do ka si por ai ajo unë ti ne ju ata im yt ky kjo ishte janë kam ke jam mund
  duhet çfarë kush ku kur pse shumë edhe ose nëse pas para pa së i e
af: die en van is in het n nie dat te op aan met vir hy sy ek jy ons hulle was wat as om ook maar by nog uit deur oor
  tot kan word hierdie daardie daar hier wie waar my jou sal sou moet baie meer of geen haar toe
sw: na ya wa kwa ni katika la za cha hii hiyo huo yake yangu yako wake kuwa si lakini au kama sana watu mimi wewe yeye
  sisi wao alikuwa ana nina hakuna nini nani wapi lini kila baada kabla hapa sasa
eo: la de kaj en estas ne al mi vi li ŝi ĝi ni ili por kun sed kiu kio ke el pri aŭ se tre ankaŭ nur jam mia via lia
  tiu tio tiuj kie kiam kiel kial ĉu da per post antaŭ inter sen havas povas devas estis
ru: и в не на я что он с как это по но они мы она вы ты к у из за то же бы для от так его её ее их был была было были
  быть мне меня тебя тебе нас вас если или только уже ещё еще все всё когда где кто очень может можно есть нет до при
  без под над между этот эта эти тот который которая которые мой моя твой свой чтобы почему нужно о об во со сейчас
  здесь нельзя потому
uk: і в у не на я що він з як це по але вони ми вона ви ти до за то ж би для від так його її їх був була було були
  бути мені мене тебе тобі нас вас якщо або чи тільки вже ще все усе коли де хто дуже може можна є немає при без під
  над між цей ця ці той який яка які мій моя твій свій щоб чому потрібно о об та й із зараз тут треба також
be: і у не на я што ён з як гэта па але яны мы яна вы ты да за то ж бы для ад так яго яе іх быў была было былі быць
  мне мяне цябе табе нас вас калі або ці толькі ўжо яшчэ усё ўсе дзе хто вельмі можа можна ёсць няма пры без пад над
  паміж гэты гэтая які якая якія мой мая твой свой каб чаму трэба аб ў таксама зараз тут
bg: и в не на аз че той с като това по но те ние тя вие ти към за то от така го неговия я им беше са съм си сме сте
  бъде ми ме ни ви ако или само вече още всичко когато където кой много може има няма до при без под над между този
  тази тези който която които мой моя твой свой да ще защо трябва о във със сега тук е се ли какво
mk: и во не на јас дека тој со како ова по но тие ние таа вие ти кон за тоа од така го неговиот ја им беше се сум си
  сме сте биде ми ме те ни ви ако или само веќе уште сè кога каде кој многу може има нема до при без под над меѓу овој
  оваа овие што која кои мој моја твој свој да ќе зошто треба сега тука е ли
sr: и у не на ја да он са као ово по али они ми она ви ти за то од тако га његов је им био била било бити ме те нас
  вас ако или само већ још све када где ко врло може има нема до при без под над између овај ова ови који која које
  мој моја твој свој ће зашто треба о сада овде су се сам си смо сте ли шта из
ar: في من على أن إلى هذا هذه التي الذي ما لا لم هو هي كان كانت عن مع أو ثم قد كل بعد قبل بين حتى إذا لكن أنا أنت نحن
  هم ليس يكون هل كيف أين متى لماذا عند غير أي ذلك تلك هناك هنا لقد إن سوف يمكن
fa: در از به که این را با است برای آن یک خود تا بر می هم نیز او ما شما آنها من تو بود شد شده کرد کند دارد نیست چه کجا
  چرا وقتی اگر اما ولی یا هر همه بسیار خیلی بعد قبل بین بدون باید هستند ای ها های باشد
ur: کے میں کی ہے سے اور کا کو نے پر یہ وہ ہیں ہوں کہ جو تھا تھی تھے نہیں ایک بھی لیے تو ہم آپ میرا اپنے کیا کیوں کہاں
  کب کیسے اگر لیکن یا ہر سب بہت بعد پہلے کر گیا ہو ساتھ تک کوئی
hi: के में की है से और का को ने पर यह वह हैं हूँ कि जो था थी थे नहीं एक भी लिए तो हम आप मेरा मैं अपने क्या क्यों कहाँ
  कब कैसे अगर लेकिन या हर सब बहुत बाद पहले कर गया हो साथ तक कोई तुम इस उस
mr: आहे आणि तो ती ते मी तू आम्ही तुम्ही हे ही हा या नाही काय कोण कुठे केव्हा कसे पण किंवा जर सर्व खूप नंतर आधी मध्ये
  साठी आहेत होते होता होती माझे तुझे एक च असे केले
ne: छ र को मा हो यो त्यो छन् थियो थिए म तिमी हामी उनी मेरो तपाईं छैन के कहाँ कसरी किन तर वा सबै धेरै पछि अघि बाट लागि
  गर्न एक पनि संग
"""
# Their words are too much alike, or the lists too incomplete, to tell them apart.
_NEAR = ("da no nb nn", "hr sr bs sh sl", "id ms", "nl af", "gl pt", "cs sk", "hi mr ne", "ru be", "uk be", "bg mk")
_SAME_WORDS = {"nb": "no", "nn": "no", "bs": "hr", "sh": "hr", "ms": "id"}
_FEWEST_WORDS = 100
_MANY, _FEW = 0.1, 0.6
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_LISTS = {
    code: frozenset(words.split())
    for code, _, words in (row.partition(":") for row in re.split(r"\n(?=\w+:)", _WORDS.strip()))
}


def _are_near(one: str, other: str) -> bool:
    return any({one, other} <= set(row.split()) for row in _NEAR)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; an apostrophe ends a word."""
    words: list[str] = _WORD.findall(text.casefold())
    return words


def common_words(language: str) -> frozenset[str]:
    """Return the commonest words of a language; empty if they are unknown."""
    code = language_name(language)
    words = _LISTS.get(_SAME_WORDS.get(code, code), frozenset())
    return words | _LISTS["hr"] if code == "sr" else words  # Serbian in Latin letters


@cache
def telling_words(one: str, other: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that are common in the first language and not in the other, and the reverse.

    Both are empty if a language is unknown, or if the two are too near.
    """
    words, others = common_words(one), common_words(other)
    if not words or not others or _are_near(language_name(one), language_name(other)):
        return frozenset(), frozenset()
    return words - others, others - words


def prevailing_words(text: str, language: str) -> str | None:
    """Return the language whose common words a text has, if it plainly is another one than ``language``.

    Returns:
        The code, or None: the words of ``language`` are unknown, the text is short, or it may be in ``language``.
    """
    own, words = common_words(language), Counter(words_of(text))
    if not own or words.total() < _FEWEST_WORDS:
        return None
    code = language_name(language)
    others = [other for other in _LISTS if other != code and not _are_near(code, other)]
    counts = {other: sum(words[word] for word in _LISTS[other]) for other in others}
    most = max(counts, key=counts.__getitem__)
    is_plain = counts[most] >= _MANY * words.total() and sum(words[word] for word in own) < _FEW * counts[most]
    return most if is_plain else None
