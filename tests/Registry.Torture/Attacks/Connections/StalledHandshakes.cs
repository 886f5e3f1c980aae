namespace Registry.Torture.Attacks.Connections;

/// <summary>Connections that send the beginning of a TLS handshake, or nothing of it, and wait.</summary>
internal sealed class StalledHandshakes : IAttack
{
    private const int Clients = 500;

    // The head of a record with a ClientHello of 512 bytes (RFC 8446, section 5.1), of which a few follow.
    private static readonly byte[] Hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

    public string Name => "stalled-handshakes";

    public string Subject => "500 TLS handshakes that stop after their first bytes";

    public bool NeedsTls => true;

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Clients), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenBareAsync(member, stop);
            tally.Connected();
            await connection.SendAsync(Hello.AsMemory(0, turn.Next(Hello.Length + 1)), stop);
            await connection.ReadToEndAsync(stop);
            tally.WasClosed();
        }, stop);
}
