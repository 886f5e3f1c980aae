namespace Registry.Bench.Reports;

/// <summary>Formats units.</summary>
internal static class Units
{
    private const double Giga = 1024.0 * 1024 * 1024;

    /// <summary>A number of bytes in binary units: 1 GiB.</summary>
    public static string Binary(long bytes) => bytes >= 1L << 30 ? $"{bytes >> 30} GiB" : $"{bytes >> 20} MiB";

    public static double RateDivisor(this Unit unit) => unit == Unit.Bytes ? 1e6 : 1;

    public static double CostFactor(this Unit unit) => unit == Unit.Bytes ? Giga : 1e6;

    public static string RateName(this Unit unit) => unit switch
    {
        Unit.Bytes => "MB/s",
        Unit.Requests => "requests/s",
        Unit.Handshakes => "handshakes/s",
        _ => "images/s",
    };

    public static string CostName(this Unit unit) => unit switch
    {
        Unit.Bytes => "CPU-s/GiB",
        Unit.Requests => "CPU-µs/request",
        Unit.Handshakes => "CPU-µs/handshake",
        _ => "CPU-µs/image",
    };
}
