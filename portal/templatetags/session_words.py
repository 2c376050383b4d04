"""The filters that say what a stored code means: flags, reasons of rejection and of an end, sockets, commands."""

from django import template

from portal.words import card_notices, sessions, station_commands, station_settings, work
from portal.words.say import say

register = template.Library()

for said in (
    sessions.socket,
    sessions.stop_reason,
    sessions.message_remark,
    sessions.flag_word,
    sessions.source_word,
    sessions.finding_word,
    sessions.flag_sentence,
    sessions.reject_sentence,
    card_notices.card_notice_told,
    station_commands.command_name,
    station_commands.command_about,
    station_commands.command_progress,
    station_settings.setting_word,
    work.work_word,
    work.piece,
):
    register.filter(said)

register.filter("said", say)
