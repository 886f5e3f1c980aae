namespace Registry.Storage.Contracts;

/// <summary>Grace periods of tests, which know since when content has been idle.</summary>
internal static class IdleTimes
{
    /// <summary>Grace period that is over for all idle content, also for what has become idle now.</summary>
    public static readonly TimeSpan Any = TimeSpan.FromSeconds(-1);

    /// <summary>Grace period that is over for content that has been idle since before a time of the engine's clock.</summary>
    public static TimeSpan IdleBefore(this IMetadataEngine engine, long time) => TimeSpan.FromSeconds(engine.Clock.Now - time);
}
