using System.Net.Sockets;

namespace Registry.Testing.Connections;

/// <summary>Recognizes the exceptions that clients throw for a connection that failed or broke.</summary>
public static class LostConnection
{
    /// <summary>
    /// True when a request failed because of its connection, not because of its response or a time-out. <see cref="HttpClient"/> wraps most failures
    /// of a connection in an <see cref="HttpRequestException"/>, but not one that strikes between its connect and its first byte: that comes as the
    /// bare <see cref="SocketException"/>, such as "Transport endpoint is not connected".
    /// </summary>
    public static bool IsLostConnection(this Exception? exception) => exception switch
    {
        HttpRequestException request => IsLost(request.HttpRequestError, request.InnerException),
        HttpIOException body => IsLost(body.HttpRequestError, body.InnerException),
        IOException or SocketException => true,
        _ => false,
    };

    // A response that is not HTTP is a fault of the server, and a status that EnsureSuccessStatusCode rejects is a response.
    private static bool IsLost(HttpRequestError error, Exception? cause) => error switch
    {
        HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ResponseEnded => true,
        HttpRequestError.Unknown => cause.IsLostConnection(),
        _ => false,
    };
}
