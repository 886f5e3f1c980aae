using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Registry.Server.Hosting.Lifetime;

/// <summary>
/// Notifies the service manager of the state of the process (sd_notify(3)). Sends one datagram of <c>NAME=value</c> lines to the Unix
/// socket that NOTIFY_SOCKET names. Without that variable, it does nothing.
/// </summary>
/// <param name="address">Value of NOTIFY_SOCKET; null when it is not set.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log. A message that cannot be sent is logged, because the service manager then waits for it and ends the service.</param>
internal sealed partial class ServiceNotifier(string? address, TimeProvider time, ILogger<ServiceNotifier> log)
{
    /// <summary>Notifies that the registry answers requests.</summary>
    /// <param name="status">Line for <c>systemctl status</c>; null keeps the last one.</param>
    public void Ready(string? status = null) => Send(status is null ? "READY=1" : $"READY=1\nSTATUS={status}");

    /// <summary>Notifies that files are being reloaded. <see cref="Ready"/> must follow.</summary>
    public void Reloading()
    {
        // CLOCK_MONOTONIC, which Type=notify-reload requires and Type=notify ignores; on Linux it is .NET's timestamp.
        var microseconds = (long)(time.GetTimestamp() * (1_000_000.0 / time.TimestampFrequency));
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// <summary>Notifies that the process finishes the requests in flight and stops.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=Finishing the requests in flight");

    private void Send(string message)
    {
        // A path, or a name in the abstract namespace; this process cannot reach other kinds of addresses.
        if (address is not ['/' or '@', ..])
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            LogNotSent(log, address, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The service manager could not be notified of the state of the registry (NOTIFY_SOCKET {Address}): {Reason}")]
    private static partial void LogNotSent(ILogger logger, string address, string reason);
}
