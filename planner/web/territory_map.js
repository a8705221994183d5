import { bits, mount } from "territory-map";
window.plannerBits = bits;
export default {
  template: '<div style="width:100%;height:100%"></div>',
  props: { url: String, label: String },
  async mounted() {
    this.map = mount(this.$el, {
      label: this.label,
      onSelect: (chosen) => this.$emit("select", chosen),
      onView: (view) => {
        for (const other of window.plannerLinked || []) if (other !== this.map) other.setView(view);
      },
    });
    this.$el.map = this.map;
    const answer = await fetch(this.url);
    this.map.setData(await answer.json());
    this.$emit("ready");
  },
  beforeUnmount() {
    this.map?.destroy();
    window.plannerLinked = (window.plannerLinked || []).filter((one) => one !== this.map);
  },
  methods: {
    call(name, ...args) {
      return this.map?.[name](...args);
    },
    link() {
      window.plannerLinked = [...(window.plannerLinked || []), this.map];
    },
  },
};
