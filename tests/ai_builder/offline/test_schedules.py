"""Phrases of recurrence become cron triggers."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.schedules import find_schedule, schedule_questions
from prefect_luthier.deployments.definition.cron import cron_problem

PHRASES = {
    "every weekday at 7": "0 7 * * 1-5",
    "every hour": "0 * * * *",
    "every 15 minutes": "*/15 * * * *",
    "on the first of the month": "0 9 1 * *",
    "on the 1st and 15th of every month at noon": "0 12 1,15 * *",
    "Mondays and Thursdays at 6:30 pm": "30 18 * * 1,4",
    "every Tuesday and Thursday evening at 7": "0 19 * * 2,4",
    "every night": "0 2 * * *",
    "twice a day": "0 8,20 * * *",
    "at 9 and 17 every day": "0 9,17 * * *",
    "quarterly": "0 9 1 1,4,7,10 *",
    "every two hours": "0 */2 * * *",
    "every half hour": "*/30 * * * *",
    "Monday to Friday at 08:15": "15 8 * * 1-5",
    "every day at half past six": "30 6 * * *",
    "each Friday afternoon": "0 14 * * 5",
    "on weekends at 10am": "0 10 * * 0,6",
    "every year on January 15th": "0 9 15 1 *",
    "every 10 minutes between 9 and 17 on weekdays": "*/10 9-16 * * 1-5",
    "once a week on Sunday at 3am": "0 3 * * 0",
    "every other day at noon": "0 12 */2 * *",
    "cron 5 4 * * 1-5": "5 4 * * 1-5",
    "on the last day of each month": "0 9 28 * *",
    "at midnight every day": "0 0 * * *",
    "every quarter of an hour": "*/15 * * * *",
    "three times a week": "0 9 * * 1,3,5",
    "all Tuesdays and Thursdays at 14 hours": "0 14 * * 2,4",
    "each full hour between 8 and 18 on the working days": "0 8-18 * * 1-5",
    "every 30 minutes from 9am to 5pm, Monday through Friday": "*/30 9-16 * * 1-5",
    "every two hours during working hours": "0 9-17/2 * * *",
    "on the first of January, April, July and October at noon": "0 12 1 1,4,7,10 *",
    "Saturday mornings at four": "0 4 * * 6",
    "every night at eleven": "0 23 * * *",
    "every evening at quarter past nine": "15 21 * * *",
    "every day at twenty past seven": "20 7 * * *",
    "every day at ten to eight": "50 7 * * *",
    "every day at 18h": "0 18 * * *",
    "every day at 7.30": "30 7 * * *",
    "each weekday at five in the afternoon": "0 17 * * 1-5",
    "twice daily at 6 and 18": "0 6,18 * * *",
    "every third day": "0 9 */3 * *",
    "once a year on 1 March": "0 9 1 3 *",
    "every hour on the half hour": "30 * * * *",
    "every day except Sunday at 9": "0 9 * * 1-6",
    "every day but weekends at 9": "0 9 * * 1-5",
    "at the end of every month": "0 9 28 * *",
    "on the 3rd and 17th at 6am": "0 6 3,17 * *",
    "weekdays every 20 minutes": "*/20 * * * 1-5",
    "every full hour": "0 * * * *",
    "on weekdays between 9 and 17 every 10 minutes": "*/10 9-16 * * 1-5",
    "on Mondays from 8 to 12 every half hour": "*/30 8-11 * * 1",
    "every Friday from March to May": "0 9 * 3,4,5 5",
    "every day at 6 in July": "0 6 * 7 *",
    "every 120 minutes": "0 */2 * * *",
}


@pytest.mark.parametrize(("phrase", "cron"), PHRASES.items(), ids=list(PHRASES))
def test_a_phrase_becomes_its_cron(phrase: str, cron: str) -> None:
    """Each phrase gives one trigger, and its words leave the request."""
    found = find_schedule(f"fetch the orders {phrase}")
    assert list(found.crons) == [cron]
    assert found.rest.strip(" .,") == "fetch the orders"
    assert cron_problem(cron) is None


@pytest.mark.parametrize("phrase", PHRASES, ids=list(PHRASES))
def test_a_phrase_may_stand_in_front(phrase: str) -> None:
    """`Every night, fetch …` says the same as `fetch … every night`."""
    assert find_schedule(f"{phrase}, fetch the orders").crons == (PHRASES[phrase],)


OPENINGS = {
    "Sunday night at three thin out the snapshots": "0 3 * * 0",
    "Friday 18:00 wrap up:\n1. count the stock": "0 18 * * 5",
    "7:00 every day: how full is it?": "0 7 * * *",
    "1st of month 7:00: print the report": "0 7 1 * *",
    "daily 07:00 check the certificate": "0 7 * * *",
    "at 8 and at 16 on weekdays send it": "0 8,16 * * 1-5",
    "at 6 am daily send it": "0 6 * * *",
    "at noon each weekday send it": "0 12 * * 1-5",
    "at 5 past every hour send it": "5 * * * *",
    "At midnight look for idle machines": "0 0 * * *",
    "Nightly back up the database": "0 2 * * *",
}


@pytest.mark.parametrize(("text", "cron"), OPENINGS.items(), ids=list(OPENINGS))
def test_a_request_may_open_with_a_bare_time(text: str, cron: str) -> None:
    """A day and a time in front say when, also without `every`."""
    assert find_schedule(text).crons == (cron,)


NO_SCHEDULES = (
    "summarise the last 30 days",
    "generate the weekly report",
    "send the monthly invoice to each customer",
    "retry every 5 minutes",
    "for each day of the week compute the total",
    "check every row of the table",
    "collect metrics from the past week",
    "answer within 5 minutes",
    "list the commits since Monday",
    "book a room on Tuesday at 14:00",
    "meet at noon on the first of May",
    "sum up the numbers for January, April and July",
    "allow at most 5 requests per minute",
    "compute the rent per month",
    "retry up to three times every 10 seconds",
    "Bernd used to look every evening",
)


@pytest.mark.parametrize("text", NO_SCHEDULES)
def test_other_words_of_time_are_no_schedule(text: str) -> None:
    """Periods, adjectives and pauses between tries start nothing."""
    found = find_schedule(text)
    assert found.crons == ()
    assert found.rest == text


ZONES = {
    "every day at 9 Berlin time": "Europe/Berlin",
    "every day at 9 (Europe/Paris)": "Europe/Paris",
    "every weekday at 8:15 New York time": "America/New_York",
    "every day at 9am PST": "America/Los_Angeles",
    "daily at 17:00 UTC": "UTC",
    "every Monday at 7 in London": "Europe/London",
}


@pytest.mark.parametrize(("text", "zone"), ZONES.items(), ids=list(ZONES))
def test_a_named_zone_is_used(text: str, zone: str) -> None:
    """Cities, abbreviations and IANA names all name a zone."""
    found = find_schedule(text)
    assert found.timezone == zone
    assert found.zone_given


def test_what_cron_cannot_say_is_noted() -> None:
    """An approximation never goes unsaid."""
    assert find_schedule("every other week archive the logs").notes
    assert find_schedule("archive the logs every weekday except holidays").notes


UNSAYABLE = (
    "on the last friday of every month",
    "every month on the last friday",
    "monthly on the third Monday",
    "every last Friday",
    "on the first and third Monday of each month",
    "on the second to last Friday of the month",
    "every Friday the 13th",
    "every 90 minutes",
    "every 36 hours",
    "every 30 seconds",
)


@pytest.mark.parametrize("phrase", UNSAYABLE)
def test_what_cron_cannot_say_becomes_no_trigger(phrase: str) -> None:
    """Nothing starts more or less often than asked: the phrase is named and asked about."""
    found = find_schedule(f"fetch the orders {phrase}")
    assert found.crons == ()
    assert found.rest.strip(" .,") == "fetch the orders"
    assert len(found.unsayable) == len(schedule_questions(found)) == 1


def test_two_schedules_give_two_triggers() -> None:
    """A request may name two times that no single cron expression covers."""
    found = find_schedule("run the sync every Monday at 9 and every Thursday at 17:30")
    assert found.crons == ("0 9 * * 1", "30 17 * * 4")
