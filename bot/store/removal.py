"""What stays of a request once its texts are removed: who, what, when, where, and every digest."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import model


def stripped(request: model.Request, why: str) -> model.Request:
    """A request that has ended, without what people typed, the values it ran with, and what came
    out. ``why``: the reason as ``Request.removed`` has it."""
    form, glass = request.form, request.glass
    return replace(
        request,
        text="",
        args={},
        reason="",
        note="",
        incident="",
        escalated="",
        progress=None,
        passed=(),
        clickers=(),
        place=replace(request.place, webhook=""),
        form=replace(form, title="", changes=()) if form is not None else None,
        glass=replace(glass, reason="") if glass is not None else None,
        plan=plan_of(request.plan) if request.plan is not None else None,
        removed=why,
    )


def plan_of(plan: model.Plan) -> model.Plan:
    """A plan without values and contents; its digest goes on standing for them."""
    match plan:
        case model.StoredCommandPlan():
            return replace(plan, script="", parameters={})
        case model.ScriptPlan():
            return replace(plan, script="")
        case model.RemoteTemplatePlan():
            return replace(
                plan, script="", parameters={}, targets=(), selectors=(), preview="", sealed={}
            )
        case model.InternalPlan():
            return replace(plan, parameters={}, preview="")
        case model.TemplatePlan():
            return replace(plan, parameters={}, targets=(), selectors=(), preview="", sealed={})


def vote(of: model.Vote) -> model.Vote:
    return replace(of, reason="")


def step(of: model.Step) -> model.Step:
    return replace(of, error="")


def result(of: model.InstanceResult) -> model.InstanceResult:
    return replace(of, output="", error="", dropped=0)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person who is to be forgotten: their id, the accounts they are known by (each its platform
    and id), and what stands for both from now on."""

    person: str
    accounts: frozenset[tuple[str, str]]
    pseudonym: str

    def name(self, person: str) -> str:
        return self.pseudonym if person == self.person else person

    def account(self, of: model.Account) -> model.Account:
        known = (of.platform, of.id) in self.accounts
        return replace(of, id=self.pseudonym, name="") if known else of

    def party(self, of: model.Party) -> model.Party:
        return replace(
            of,
            person=self.name(of.person),
            account=self.account(of.account),
            accounts=self.held(of.accounts),
        )

    def held(self, accounts: tuple[tuple[str, str, str], ...]) -> tuple[tuple[str, str, str], ...]:
        return tuple(each for each in accounts if (each[0], each[2]) not in self.accounts)

    def request(self, of: model.Request) -> model.Request:
        """A request that has ended, without what tells who they are; of their own also without its
        texts."""
        own = of.person == self.person
        request = stripped(of, "person") if own and not of.removed else of
        form, platform, glass = request.form, request.place.platform, request.glass
        if glass is not None and glass.by.person == self.person:
            glass = replace(glass, by=self.party(glass.by), reason="")
        if form is not None:
            form = replace(form, approvers=tuple(map(self.account, form.approvers)))
        return replace(
            request,
            person=self.name(request.person),
            account=self.account(request.account),
            accounts=self.held(request.accounts),
            place=self.place(request.place),
            ended_by=self.name(request.ended_by),
            causes=tuple(map(self.party, request.causes)),
            clickers=tuple(
                each for each in request.clickers if (platform, each) not in self.accounts
            ),
            form=form,
            glass=glass,
            passed=tuple(map(self.step, request.passed)),
            standing=self.use(request.standing),
        )

    def use(self, of: model.StandingUse | None) -> model.StandingUse | None:
        return replace(of, person=self.name(of.person)) if of is not None else None

    def step(self, of: model.ApprovalStep) -> model.ApprovalStep:
        return replace(of, voters=tuple(map(self.name, of.voters)), by=self.name(of.by))

    def calendar(self, of: model.Calendar) -> model.Calendar:
        shifts = (replace(one, person=self.name(one.person)) for one in of.shifts)
        return replace(of, shifts=tuple(shifts))

    def place(self, of: model.Place) -> model.Place:
        """A direct chat may be named by the account of whom it is with."""
        known = (of.platform, of.chat) in self.accounts
        return replace(of, chat=self.pseudonym) if known else of

    def vote(self, of: model.Vote) -> model.Vote:
        of = replace(of, on_behalf=tuple(map(self.name, of.on_behalf)))
        if of.person != self.person:
            return of
        return replace(
            of,
            person=self.pseudonym,
            account=self.account(of.account),
            accounts=self.held(of.accounts),
            reason="",
        )
