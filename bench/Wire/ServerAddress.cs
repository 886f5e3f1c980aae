using System.Net;

namespace Registry.Bench.Wire;

/// <summary>Address of a server.</summary>
/// <param name="EndPoint">Address and port.</param>
/// <param name="IsTls">True for https.</param>
internal sealed record ServerAddress(IPEndPoint EndPoint, bool IsTls)
{
    /// <summary>Value of the Host header.</summary>
    public override string ToString() => EndPoint.ToString();
}
