(() => {
  const network = JSON.parse(document.getElementById("network").textContent);
  const arrays = fashionlabNetwork.unpack(network.arrays, document.getElementById("numbers").textContent);
  const model = fashionlabNetwork.open(network.network, arrays), size = network.side ** 2;
  const pick = (k) => arrays.picks.data.subarray(k * size, (k + 1) * size);
  let worst = 0;
  network.picks.forEach(({ probabilities }, k) => {
    const p = fashionlabNetwork.softmax(model.run(pick(k), network.side).logits, network.temperature);
    p.forEach((v, i) => { worst = Math.max(worst, Math.abs(v - probabilities[i])); });
  });
  document.getElementById("try-check").textContent = `This page computes what the run computed, largest difference in probability ${worst.toFixed(5)}`;
})();
