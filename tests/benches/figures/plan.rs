//! What a change of the programme costs when it touches a whole province, and how large the plans become.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use loa_fleet::{
    Api, Broker, BrokerOptions,
    api::{Bulletin, Content},
    process,
};
use loa_protocol::Class;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::figure::{Sample, figure, monotonic_ns};

/// What communes call what they air.
const TITLES: [&str; 10] = [
    "Bản tin thời sự buổi sáng của Đài Truyền thanh xã",
    "Thông báo lịch tiêm chủng mở rộng cho trẻ em tháng 12",
    "Hướng dẫn phòng, chống sốt xuất huyết trong mùa mưa",
    "Lịch cắt điện, cắt nước sinh hoạt trong tuần",
    "Thông báo mời họp dân bàn việc xây dựng nông thôn mới",
    "Giá lúa, giá tôm và lịch thời vụ vụ Đông Xuân",
    "Tuyên truyền bảo hiểm y tế hộ gia đình",
    "Quy định phòng cháy, chữa cháy trong mùa khô hanh",
    "Dự báo thời tiết và mực nước triều cường trong ngày",
    "Câu chuyện pháp luật: đăng ký khai sinh, hộ tịch",
];

/// A broker with so many nodes in its store, and somebody signed in.
struct Province {
    broker: Broker,
    api: Api,
    /// Of everything it keeps.
    _folder: TempDir,
}

impl Province {
    async fn seeded(nodes: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let seeded = tokio::process::Command::new(process::find("loa-broker")?)
            .args(["seed", "--nodes", &nodes.to_string(), "--data"])
            .arg(folder.path().join("broker"))
            .status()
            .await?;
        ensure!(seeded.success(), "the store could not be filled");
        let broker = Broker::start(BrokerOptions::on_loopback(folder.path())).await?;
        let api = Api::new(&broker.url())?;
        let link = broker.setup_link().context("a new broker offers a set-up link")?.to_owned();
        api.set_up(&link, "canbo", "Cán bộ", "mot hai ba bon nam").await?;
        let province = Self { broker, api, _folder: folder };
        province.published(nodes as u64).await?;
        Ok(province)
    }

    /// A figure of the broker's own account.
    async fn account(&self, name: &str) -> Result<Option<f64>> {
        let text = reqwest::get(format!("{}/metrics", self.api.base())).await?.text().await?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.map(str::parse).transpose()?)
    }

    /// Waits until so many plans in all have been handed to MQTT.
    async fn published(&self, plans: u64) -> Result<()> {
        while self.account("loa_plans_published_total").await?.unwrap_or(0.0) < plans as f64 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Waits until nothing more is handed over.
    async fn settled(&self) -> Result<u64> {
        let mut last = None;
        loop {
            let now = self.account("loa_plans_published_total").await?;
            if last.is_some() && now == last {
                return Ok(now.unwrap_or(0.0) as u64);
            }
            last = now;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    async fn bulletins(&self, count: usize) -> Result<Vec<Bulletin>> {
        let voice = self.api.voices().await?.first().context("a voice")?.id.clone();
        let mut bulletins = Vec::new();
        for number in 0..count {
            let title = format!("{} (số {})", TITLES[number % TITLES.len()], number + 1);
            let content = Content::Text { text: format!("{title}."), voice: voice.clone() };
            let class = if number % 5 == 0 { Class::Priority } else { Class::Normal };
            bulletins.push(self.api.add_bulletin(&title, class, &content).await?);
        }
        Ok(bulletins)
    }
}

/// One of the entries that a commune has: daily, on weekdays, monthly, once.
fn entry(number: usize, bulletin: &Bulletin) -> Value {
    let hour = 5 + number % 14;
    let minute = number * 7 % 60;
    let time = format!("{hour:02}:{minute:02}");
    let timetable = match number % 4 {
        0 => json!({ "every": "day", "times": [time, "19:30"], "from": "2026-11-25" }),
        1 => {
            json!({ "every": "week", "days": [1, 2, 3, 4, 5], "times": [time], "from": "2026-11-25", "until": "2035-06-30" })
        }
        2 => {
            json!({ "every": "month", "days": [1, 15, -1], "times": [time], "from": "2026-12-01", "except": ["2035-02-17"] })
        }
        _ => json!({ "every": "once", "times": [time], "from": "2035-12-24" }),
    };
    json!({ "bulletin": bulletin.id, "areas": ["99"], "timetable": timetable, "repeats": 1 + number % 2, "gap_s": 30 })
}

/// `plan_compile_10k_ms`: `PUT /programme/ID` of an entry that all nodes of a province have, beside 19 others, until the last of 10,000 new
/// plans has been handed to MQTT.
pub(crate) async fn compiled(runs: usize) -> Result<()> {
    const NODES: usize = 10_000;
    let province = Province::seeded(NODES).await?;
    let bulletins = province.bulletins(20).await?;
    let mut changed = String::new();
    for (number, bulletin) in bulletins.iter().enumerate() {
        changed = province.api.add_to_programme(&entry(number, bulletin)).await?.id.to_string();
    }
    let mut before = province.settled().await?;
    let mut taken = Vec::new();
    for run in 0..runs {
        let mut body = entry(19, &bulletins[19]);
        body["catch_up_s"] = (700 + run).into();
        let request = province.api.request(Method::PUT, &format!("/programme/{changed}")).json(&body);
        let begun = monotonic_ns()?;
        let (status, answer) = province.api.raw(request).await?;
        ensure!(status.is_success(), "the entry could not be changed: {answer}");
        province.published(before + NODES as u64).await?;
        taken.push((monotonic_ns()? - begun) as f64 / 1e6);
        before = province.settled().await?;
    }
    let sample = Sample::new(taken)?;
    sample.tell("one change, 10,000 nodes with 20 broadcasts each, until MQTT has all plans", "ms");
    figure("plan_compile_10k_ms", sample.median(), "ms");
    drop(province.broker);
    Ok(())
}

/// `plan_bytes_p99`: the sealed plans of 100 nodes with 40 broadcasts of 30 clips.
pub(crate) async fn sealed() -> Result<()> {
    let province = Province::seeded(100).await?;
    let bulletins = province.bulletins(30).await?;
    for number in 0..40 {
        province.api.add_to_programme(&entry(number, &bulletins[number % bulletins.len()])).await?;
    }
    province.settled().await?;
    let bytes = province.account("loa_plan_bytes{quantile=\"1\"}").await?.context("plans were sealed")?;
    figure("plan_bytes_p99", bytes, "bytes");
    drop(province.broker);
    Ok(())
}
