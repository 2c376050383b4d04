"""The names of months and weekdays in the languages of exports, without accents and in lower case.

Danish, Norwegian, Swedish, Finnish, Dutch, German, English, French, Italian and Spanish; whole and as they are cut.
"""

_MONTHS: tuple[str, ...] = (
    "january januari januar janvier gennaio enero tammikuuta tammikuu janeiro jan janv gen gennaio ene tammi jaan",
    "february februari februar fevrier febbraio febrero helmikuuta helmikuu feb febr fev fevr helmi feber",
    "march mars marts marz maerz maart marzo maaliskuuta maaliskuu mar mrt mrz maalis maerz mrs",
    "april aprilis avril aprile abril huhtikuuta huhtikuu apr avr abr huhti",
    "may maj mai mei maggio mayo toukokuuta toukokuu mag touko",
    "june juni juin giugno junio kesakuuta kesakuu jun giu kesa",
    "july juli juillet luglio julio heinakuuta heinakuu jul juil lug heina",
    "august augusti aout augustus agosto elokuuta elokuu aug ago elo",
    "september septembre settembre septiembre setiembre syyskuuta syyskuu sep sept set syys",
    "october oktober octobre ottobre octubre lokakuuta lokakuu oct okt ott loka",
    "november novembre noviembre marraskuuta marraskuu nov marras",
    "december desember dezember decembre dicembre diciembre joulukuuta joulukuu dec des dez dic joulu",
)

#: The number of each month by its names.
MONTHS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}

_DAYS = (
    "monday mandag mandag montag maandag lundi lunedi lunes maanantai mon man lun mo ma tuesday "
    "tisdag tirsdag dienstag dinsdag mardi martedi martes tiistai tue tues tis tir di ti wednesday "
    "onsdag mittwoch woensdag mercredi mercoledi miercoles keskiviikko wed ons mi mer mie mit woe wo "
    "ke thursday torsdag donnerstag donderdag jeudi giovedi jueves torstai thu thur thurs tor don do "
    "jeu gio jue to friday fredag freitag vrijdag vendredi venerdi viernes perjantai fri fre fr ven "
    "vie vrij vr pe saturday lordag samstag sonnabend zaterdag samedi sabato sabado lauantai sat lor "
    "sam sab zat za la sa sunday sondag sonntag zondag dimanche domenica domingo sunnuntai sun son "
    "dim dom zon zo su so "
)

#: Names of weekdays; they say nothing that the date beside them does not say.
WEEKDAYS = tuple(_DAYS.split())
