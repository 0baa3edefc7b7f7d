//! What a player can do: one function for each move, of one command or of several. Must never send what a page of the
//! product would not.

use std::time::Duration;

use serde_json::json;

use super::session::Session;

/// A crash that is cashed out sooner after its start is refused: its multiplier would be 1.00.
const CRASH_WAIT: Duration = Duration::from_millis(200);

/// A move. To add one, name it here, in [`Move::ALL`] and in [`Move::make`], and write its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Slots,
    Roulette,
    Baccarat,
    Blackjack,
    Crash,
}

impl Move {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::Slots,
        Self::Roulette,
        Self::Baccarat,
        Self::Blackjack,
        Self::Crash,
    ];

    /// Makes the move. Ends early, with nothing, when the answer to a command is not one to go on with.
    pub(super) async fn make(self, session: &mut Session) -> Option<()> {
        match self {
            Self::Slots => slots(session).await,
            Self::Roulette => roulette(session).await,
            Self::Baccarat => baccarat(session).await,
            Self::Blackjack => blackjack(session).await,
            Self::Crash => crash(session).await,
        }
    }
}

async fn slots(session: &mut Session) -> Option<()> {
    let bet = json!({"stake": 1});
    session.begin("/api/casino/slots/bet", &bet).await.map(drop)
}

async fn roulette(session: &mut Session) -> Option<()> {
    let number = session.dice.below(37);
    let bets = json!([
        {"type": "single", "value": number, "stake": 1},
        {"type": "color", "value": "red", "stake": 2},
    ]);
    let spin = json!({"params": {"bets": bets}});
    session.begin("/api/casino/roulette/spin", &spin).await.map(drop)
}

async fn baccarat(session: &mut Session) -> Option<()> {
    let side = session.dice.pick(["player", "banker", "tie"]);
    let bet = json!({"stake": 1, "params": {"bet_on": side}});
    session.begin("/api/casino/baccarat/play", &bet).await.map(drop)
}

/// Deals a hand, and takes cards or stands until it is over. A blackjack takes no card.
async fn blackjack(session: &mut Session) -> Option<()> {
    const PATH: &str = "/api/casino/blackjack/play";
    let deal = json!({"action": "deal", "stake": 1});
    let mut round = session.begin(PATH, &deal).await?;
    while round.is_open {
        let wanted = session.dice.pick(["hit", "stand"]);
        let action = if round.offers(wanted) { wanted } else { "stand" };
        let decision = json!({"action": action, "params": {"ref": round.id}});
        round = session.step(round, PATH, &decision).await?;
    }
    Some(())
}

/// Starts a round and cashes it out, unless it has crashed by then.
async fn crash(session: &mut Session) -> Option<()> {
    let start = json!({"stake": 1});
    let round = session.begin("/api/casino/crash/play", &start).await?;
    tokio::time::sleep(CRASH_WAIT).await;
    let wish = json!({"ref": round.id});
    session
        .end_unless("crashed", round, "/api/casino/crash/cashout", &wish)
        .await
        .map(drop)
}
