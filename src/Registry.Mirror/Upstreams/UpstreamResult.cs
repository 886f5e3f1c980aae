using System.Diagnostics.CodeAnalysis;

namespace Registry.Mirror.Upstreams;

/// <summary>What an upstream has given, or the reason for which it has not.</summary>
internal readonly struct UpstreamResult<T>
{
    private readonly T? _value;

    private UpstreamResult(T? value, UpstreamFault? fault) => (_value, Fault) = (value, fault);

    /// <summary>The reason; null on success.</summary>
    public UpstreamFault? Fault { get; }

    public static implicit operator UpstreamResult<T>(T value) => new(value, null);

    public static implicit operator UpstreamResult<T>(UpstreamFault fault) => new(default, fault);

    /// <summary>Returns true with the value, or false with the reason.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out UpstreamFault? fault)
    {
        value = _value;
        fault = Fault;
        return fault is null;
    }
}
