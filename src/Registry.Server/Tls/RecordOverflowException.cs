using System.Globalization;

namespace Registry.Server.Tls;

/// <summary>Thrown when a peer begins a record of TLS that is longer than the protocol allows.</summary>
/// <param name="length">Length of the record in bytes.</param>
/// <param name="longest">Length that is allowed.</param>
internal sealed class RecordOverflowException(int length, int longest)
    : IOException(string.Create(CultureInfo.InvariantCulture, $"a record of TLS has {length} bytes, and may have {longest}"));
