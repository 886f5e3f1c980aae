using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Runs the table of exchanges on both transports, in clear text and with TLS. Kestrel's own transport is the reference.</summary>
public sealed class ExchangeTests(TransportPair pair) : IClassFixture<TransportPair>
{
    private static readonly Dictionary<string, Exchange> Table = new Exchange[][]
    {
        Downloads.Rows, Pipelines.Rows, Versions.Rows, Bodies.Rows, Continuations.Rows, Refusals.Rows, Endings.Rows,
    }.SelectMany(rows => rows).ToDictionary(row => row.Name);

    public static TheoryData<string> Rows => [.. Table.Keys];

    public static TheoryData<string> RowsWithTls => [.. Table.Values.Where(row => !row.IsClearTextOnly).Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task The_same_bytes_come_back_over_either_transport(string row)
    {
        var exchange = Table[row];

        var direct = exchange.RunAsync(pair[TransportKind.Direct, exchange.IsGuarded]);
        var expected = await exchange.RunAsync(pair[TransportKind.Kestrel, exchange.IsGuarded]);
        var actual = await direct;

        Assert.Equal(expected, actual);
    }

    [Theory]
    [MemberData(nameof(RowsWithTls))]
    public async Task The_same_bytes_come_back_with_TLS_as_without(string row)
    {
        var exchange = Table[row];

        var direct = exchange.RunAsync(pair[TransportKind.Direct, exchange.IsGuarded, isTls: true]);
        var kestrel = exchange.RunAsync(pair[TransportKind.Kestrel, exchange.IsGuarded, isTls: true]);
        var expected = await exchange.RunAsync(pair[TransportKind.Direct, exchange.IsGuarded]);

        Assert.Equal([expected, expected], await Task.WhenAll(direct, kestrel));
    }
}
