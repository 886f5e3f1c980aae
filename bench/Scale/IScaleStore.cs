namespace Registry.Bench.Scale;

/// <summary>
/// Storage with a large registry. The registry itself writes a small part; the rest are copies of its rows under other names, identical to rows that it would write.
/// </summary>
internal interface IScaleStore : IAsyncDisposable
{
    /// <summary>REGISTRY_ variables of a registry on it.</summary>
    IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Bytes of the metadata.</summary>
    Task<long> MeasureSizeAsync();

    /// <summary>Fills it.</summary>
    Task FillAsync(ScaleSize size);
}
