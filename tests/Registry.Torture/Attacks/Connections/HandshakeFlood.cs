namespace Registry.Torture.Attacks.Connections;

/// <summary>TLS handshakes without a request, as fast as possible.</summary>
internal sealed class HandshakeFlood : IAttack
{
    private const int Clients = 16;

    public string Name => "handshake-flood";

    public string Subject => "complete TLS handshakes without a request, as fast as possible";

    public bool NeedsTls => true;

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Clients), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            connection.Reset();
        }, stop);
}
