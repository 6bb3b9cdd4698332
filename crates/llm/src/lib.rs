//! sluice-llm
