using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Registry.Server.Tests.Robustness;

/// <summary>Tests that kill and cut rely on <see cref="LostConnection"/>: it recognizes each way in which a server vanishes, and nothing else.</summary>
public sealed class LostConnectionTests
{
    private const string Whole = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";

    [Fact]
    public async Task A_server_that_does_not_listen_is_a_lost_connection()
    {
        var port = FreePorts.Find(1)[0];

        Assert.True((await FailAsync(new Uri($"http://127.0.0.1:{port}"))).IsLostConnection());
    }

    // The kernel resets connections that were not accepted: before, during or after the client's connect. HttpClient lets the SocketException of the
    // last of these out as it is, some times in ten thousand.
    [Fact]
    public async Task A_listener_that_ends_while_clients_connect_is_a_lost_connection()
    {
        Assert.True(new SocketException((int)SocketError.NotConnected).IsLostConnection());
        for (var round = 0; round < 20; round++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var address = AddressOf(listener);
            var clients = Enumerable.Range(0, 48).Select(_ => Task.Run(() => FailAsync(address))).ToList();
            await Task.Delay(round % 5);
            listener.Stop();
            Assert.All(await Task.WhenAll(clients), failure => Assert.True(failure.IsLostConnection(), failure.ToString()));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(42)]
    public async Task A_connection_that_breaks_at_any_byte_is_a_lost_connection(int after)
    {
        foreach (var isReset in new[] { true, false })
        {
            using var listener = Listen(Whole[..after], isReset);

            var failure = await FailAsync(AddressOf(listener));

            Assert.True(failure.IsLostConnection(), failure.ToString());
        }
    }

    [Theory]
    [InlineData("HTTP/9.9 what\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_wrong_answer_is_no_lost_connection(string answer)
    {
        using var listener = Listen(answer, isReset: false);

        var failure = await FailAsync(AddressOf(listener));

        Assert.False(failure.IsLostConnection(), failure.ToString());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_no_lost_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var failure = await FailAsync(AddressOf(listener), TimeSpan.FromMilliseconds(50));

        Assert.IsType<TaskCanceledException>(failure);
        Assert.False(failure.IsLostConnection());
    }

    private static Uri AddressOf(TcpListener listener) => new($"http://{listener.LocalEndpoint}");

    private static async Task<Exception> FailAsync(Uri address, TimeSpan? timeout = null)
    {
        using var client = new HttpClient { BaseAddress = address, Timeout = timeout ?? Timeout.InfiniteTimeSpan };
        return await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await client.GetAsync(new Uri("/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            await response.Content.ReadAsByteArrayAsync();
            response.EnsureSuccessStatusCode();
        });
    }

    // Answers each connection with a text, whatever it asks, and ends it.
    private static TcpListener Listen(string answer, bool isReset)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = AnswerAsync();
        return listener;

        async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using var socket = await listener.AcceptSocketAsync();
                    if (answer.Length > 0)
                    {
                        await socket.ReceiveAsync(new byte[1000]);
                        await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
                    }

                    socket.LingerState = new LingerOption(isReset, 0);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
