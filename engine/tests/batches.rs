//! Batches: calls handed over together are judged as one by one.

mod support;

use engine::{Engine, EngineConfig};
use model::Mode;
use proptest::prelude::*;
use support::{mixed, names};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn calls_in_batches_are_judged_as_one_by_one(seed in any::<u64>(), size in 1_usize..100) {
        let config = EngineConfig { mode: Mode::Enforce, memory_bytes: 4 << 20, ..EngineConfig::default() };
        let (mut one, mut many) = (Engine::new(config.clone(), names()), Engine::new(config, names()));
        let (mut expected, mut said) = (Vec::new(), Vec::new());
        for calls in mixed(seed, 2_000).chunks(size) {
            calls.iter().for_each(|call| one.observe(call, &mut expected));
            many.observe_batch(calls, &mut said);
        }
        prop_assert!(expected.len() > 10);
        prop_assert_eq!(said, expected);
        prop_assert_eq!(one.summary(), many.summary());
    }
}
